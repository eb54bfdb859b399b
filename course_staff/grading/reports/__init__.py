"""Reports: to the instructor on the class, to every student on their answers."""
