"""An author's tools: notebooks from sources, exercises for students and instructors, the course as data."""
