// The text is a raw string literal, so that the program carries it.
#include "bench/evaluation_text.h"

namespace nety::bench {

std::string_view evaluation_text() {
  static constexpr char kText[] =
#include "bench/data/evaluation.txt"
      ;
  return {kText, sizeof(kText) - 1};
}

}  // namespace nety::bench
