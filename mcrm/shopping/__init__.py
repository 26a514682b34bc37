"""What customers order themselves: the catalogue at their prices, orders placed, changed, cancelled and repeated."""
