"""The systems that moodrec is compared with, one class each."""
