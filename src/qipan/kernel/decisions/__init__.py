"""Decision tables (DMN) in FEEL, with a trace of every decision."""
