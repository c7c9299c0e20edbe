// The test program is also the worker that its tests start, as `nety worker` is of `nety diag`.
#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <iostream>
#include <string_view>

#include "diag/bitsandbytes_library.h"
#include "diag/trial_worker.h"
#include "tests/diag/fake_backends.h"

int main(int argc, char** argv) {
  using namespace nety::diag;
  if (argc == 2 && std::string_view(argv[1]) == "trial-worker")
    return answer_questions(STDIN_FILENO, STDOUT_FILENO, misbehaving_backend);
  if (argc == 4 && std::string_view(argv[1]) == "worker")
    return check_bitsandbytes_library(argv[3], std::cout);
  ::setenv("PATH", "/usr/bin:/bin", 1);  // no other Pythons of this machine are asked
  ::testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
