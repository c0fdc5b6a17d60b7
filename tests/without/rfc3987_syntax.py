"""In the place of a package that jsonschema takes if it is there, and whose grammar takes two seconds to build."""

raise ImportError("tests do without it")
