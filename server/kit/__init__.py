"""HTTP for features: the door, forms, words, answers, panels and the frame of the pages."""
