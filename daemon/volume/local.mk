# what daemon/volume builds and tests
