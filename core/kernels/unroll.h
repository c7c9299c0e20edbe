// Unrolls the loop that follows, over a tile's rows or tokens: only then do its accumulators stay
// in registers.
#pragma once

#if defined(__clang__)
#define NETY_UNROLL _Pragma("unroll")
#else
#define NETY_UNROLL _Pragma("GCC unroll 32")
#endif
