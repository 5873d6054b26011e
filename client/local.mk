# what client builds and tests
