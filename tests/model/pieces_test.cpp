// Pieces of a weight are equal shares of whole panels, neither so short that claiming them costs
// nor so long that the last one is waited for.
#include "core/backends/native/pieces.h"

#include <gtest/gtest.h>

namespace nety::native {
namespace {

TEST(Pieces, AreOneForOneThread) {
  ThreadPool pool(1);
  EXPECT_EQ(pieces_of_rows(49152, 576, 1, pool), 1);
  EXPECT_EQ(pieces_of_rows(0, 576, 1, pool), 0);
}

TEST(Pieces, AreAsManyForEachThread) {
  for (const int threads : {2, 3, 8}) {
    ThreadPool pool(threads);
    for (const int64_t rows : {576, 960, 1536, 2048, 5632, 49152})
      for (const int64_t tokens : {1, 8, 512}) {
        const int64_t pieces = pieces_of_rows(rows, 2048, tokens, pool);
        EXPECT_EQ(pieces % threads, 0) << rows << " rows, " << tokens << " tokens";
      }
  }
}

TEST(Pieces, OfFewRowsAreOnePanelEach) {
  ThreadPool pool(8);
  EXPECT_EQ(pieces_of_rows(16, 64, 1, pool), 1);
  EXPECT_EQ(pieces_of_rows(17, 64, 1, pool), 2);
  EXPECT_EQ(pieces_of_rows(64, 64, 1, pool), 4);
}

TEST(Pieces, AreAFewForEachThreadInDecode) {
  ThreadPool pool(2);
  EXPECT_EQ(pieces_of_rows(576, 576, 1, pool), 4);        // 332 thousand weights
  EXPECT_EQ(pieces_of_rows(11264, 2048, 1, pool), 32);    // 23 million
  EXPECT_EQ(pieces_of_rows(128256, 4096, 1, pool), 330);  // 525 million
}

TEST(Pieces, ArePanelsInPrefill) {
  ThreadPool pool(2);
  EXPECT_EQ(pieces_of_rows(5632, 2048, 512, pool), 5632 / kPanelRows);
}

}  // namespace
}  // namespace nety::native
