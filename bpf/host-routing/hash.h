/* SPDX-License-Identifier: MIT */
#ifndef HOST_ROUTING_HASH_H
#define HOST_ROUTING_HASH_H

/* 2^32 / golden ratio: a product with it spreads words that differ in any byte over the upper bits. */
#define GOLDEN_RATIO 0x9e3779b1

#endif
