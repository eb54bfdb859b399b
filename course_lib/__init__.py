"""The parts that the course's notebooks call: data, seeds, training, pictures and results.

Importing the package loads none of TensorFlow, matplotlib and nbgrader; each module loads what it
needs when a lesson imports it, as in ``from course_lib import datasets, plots``.
"""

__version__ = "0.1.0"
