"""One room for each system; domains never import each other."""
