# what udev builds and tests
