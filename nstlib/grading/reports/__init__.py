"""What is made of the records: the report, feedback pages, what needs a look, and files for other systems."""
