"""From lesson sources to notebooks: `course build`, its lint, and `course publish`."""
