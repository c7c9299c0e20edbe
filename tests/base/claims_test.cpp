// A share's pieces are taken once each, from both ends, by those alone who are in time.
#include "core/base/claims.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <thread>
#include <vector>

namespace nety {
namespace {

using From = Claims::From;

TEST(Claims, AreTakenFromBothEndsUntilNoneIsLeft) {
  Claims claims;
  const Share share{10, 14};
  EXPECT_EQ(claims.take(share, 1, From::kFront, false), 10);
  EXPECT_EQ(claims.take(share, 1, From::kEnd, false), 13);
  EXPECT_EQ(claims.take(share, 1, From::kFront, false), 11);
  EXPECT_EQ(claims.take(share, 1, From::kFront, false), 12);
  EXPECT_EQ(claims.take(share, 1, From::kFront, false), Claims::kNone);
  EXPECT_EQ(claims.take(share, 1, From::kEnd, true), Claims::kNone);
}

TEST(Claims, BeginAnewWithEachOperation) {
  Claims claims;
  EXPECT_EQ(claims.take({0, 1}, 1, From::kFront, false), 0);
  EXPECT_EQ(claims.take({3, 5}, 2, From::kFront, false), 3);
  EXPECT_EQ(claims.take({0, 9}, 7, From::kEnd, false), 8);
}

TEST(Claims, AreNoneForAThreadThatSleptThroughItsOperation) {
  Claims claims;
  EXPECT_EQ(claims.take({0, 4}, 2, From::kFront, true), 0);
  EXPECT_EQ(claims.take({0, 4}, 1, From::kFront, false), Claims::kNone);
  EXPECT_EQ(claims.take({0, 4}, 2, From::kFront, false), 1);
}

TEST(Claims, OfAnEmptyShareAreNone) {
  Claims claims;
  EXPECT_EQ(claims.take({4, 4}, 1, From::kFront, true), Claims::kNone);
  EXPECT_EQ(claims.take({4, 4}, 1, From::kEnd, true), Claims::kNone);
}

// Beyond 36 bits the number repeats; those who know that their operation goes on are not misled.
TEST(Claims, SurviveMoreOperationsThanTheirWordCounts) {
  Claims claims;
  const uint64_t many = uint64_t{1} << 36;
  EXPECT_EQ(claims.take({0, 2}, many - 1, From::kFront, true), 0);
  EXPECT_EQ(claims.take({0, 2}, many + 1, From::kFront, false), 0);
  EXPECT_EQ(claims.take({0, 2}, many + many / 2 + 5, From::kFront, true), 0);
}

TEST(Claims, AreEachTakenOnceByManyThreads) {
  constexpr int kThreads = 4;
  constexpr int64_t kPieces = 5000;
  Claims claims;
  std::vector<std::vector<int64_t>> taken(kThreads);
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < kThreads; ++t)
      threads.emplace_back([&claims, &mine = taken[static_cast<size_t>(t)], t] {
        for (;;) {
          const int64_t piece =
              claims.take({0, kPieces}, 1, t == 0 ? From::kFront : From::kEnd, false);
          if (piece == Claims::kNone) return;
          mine.push_back(piece);
        }
      });
  }
  std::vector<int64_t> all;
  for (const auto& some : taken) all.insert(all.end(), some.begin(), some.end());
  std::ranges::sort(all);
  ASSERT_EQ(all.size(), static_cast<size_t>(kPieces));
  for (int64_t piece = 0; piece < kPieces; ++piece)
    EXPECT_EQ(all[static_cast<size_t>(piece)], piece);
}

TEST(Operations, AreReadAsTheyWereWritten) {
  for (const Operation& one :
       {Operation{1, 2, true}, Operation{uint64_t{1} << 40, Operation::kMostPieces, false}}) {
    const Operation read = Operation::of(one.word());
    EXPECT_EQ(read.number, one.number);
    EXPECT_EQ(read.pieces, one.pieces);
    EXPECT_EQ(read.own, one.own);
  }
}

}  // namespace
}  // namespace nety
