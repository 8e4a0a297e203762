"""Laws, articles, terms and the working calendar."""
