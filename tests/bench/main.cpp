// The test program is also the worker that its tests start, as `nety` is of `nety bench`.
#include <gtest/gtest.h>
#include <unistd.h>

#include <string_view>

#include "bench/measure_mode.h"
#include "fake_engine.h"

int main(int argc, char** argv) {
  if (argc == 2 && std::string_view(argv[1]) == "worker")
    return nety::bench::answer_commands(STDIN_FILENO, STDOUT_FILENO, nety::bench::make_fake_engine);
  ::testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
