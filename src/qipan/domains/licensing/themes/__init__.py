"""One thing done once (一件事一次办): what belongs to one undertaking is asked once, applied for once and followed in one place."""
