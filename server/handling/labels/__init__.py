"""Labels: what stands on them, drawn once, sent to printers or put onto sheets."""
