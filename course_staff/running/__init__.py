"""Running lessons: notebooks -> executed notebooks, HTML pages, report.json."""
