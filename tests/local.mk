# what tests builds and tests
