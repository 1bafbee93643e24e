"""What metadata at inference is worth: anyone's predictions, with and without the library's context."""
