# what verify builds and tests
