"""What `./qipan bench` runs. A benchmark measures and never judges: no test has a time bound."""
