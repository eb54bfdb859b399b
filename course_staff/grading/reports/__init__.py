"""What is told: to the instructor about the class, to every student about their answers."""
