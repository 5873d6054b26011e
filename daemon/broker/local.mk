# what daemon/broker builds and tests
