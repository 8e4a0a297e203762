"""Files by digest, with custody and retention."""
