"""The edge agent: reads the freezers, keeps what it read, and hands it over."""
