// Control groups made for the test, where this machine lets us: the limits are then the kernel's
// own, and not a replayed text.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <optional>
#include <string>

#include "core/machine/cgroup.h"
#include "core/machine/machine.h"
#include "core/machine/text.h"

namespace nety::machine {
namespace {

namespace fs = std::filesystem;

bool write(const fs::path& path, const std::string& text) {
  std::ofstream file(path);
  file << text;
  file.close();
  return !file.fail();
}

/// A control group below the one we are in, removed at the end.
class Group {
 public:
  explicit Group(const char* controller) {
    for (const CgroupFolder& folder : cgroup_folders(host(), controller)) {
      const fs::path path = fs::path(folder.path) / ("nety-test-" + std::to_string(::getpid()));
      std::error_code error;
      if (!fs::create_directory(path, error)) continue;
      path_ = path;
      version_ = folder.version;
      return;
    }
  }
  ~Group() {
    if (!path_.empty()) ::rmdir(path_.c_str());
  }
  Group(const Group&) = delete;
  Group& operator=(const Group&) = delete;

  int version() const { return version_; }
  bool made() const { return !path_.empty(); }
  bool set(const std::string& file, const std::string& text) const {
    return fs::exists(path_ / file) && write(path_ / file, text);
  }

  /// The lines that `question` gives in a process inside the group; nothing if it cannot get in.
  std::optional<std::string> ask(std::string (*question)()) const {
    int ends[2];
    if (::pipe(ends) != 0) return std::nullopt;
    const pid_t child = ::fork();
    if (child == 0) {
      const bool inside = write(path_ / "cgroup.procs", "0\n");
      const std::string text = inside ? question() : std::string();
      const ssize_t sent = ::write(ends[1], text.data(), text.size());
      ::_exit(sent > 0 ? 0 : 1);
    }
    ::close(ends[1]);
    char buffer[512];
    const ssize_t got = ::read(ends[0], buffer, sizeof buffer);
    ::close(ends[0]);
    int status = 0;
    ::waitpid(child, &status, 0);
    if (got <= 0 || status != 0) return std::nullopt;
    return std::string(buffer, static_cast<size_t>(got));
  }

 private:
  fs::path path_;
  int version_ = 2;
};

std::string threads_and_quota() {
  const results::CpuBudget budget = cpu_budget(host());
  return std::to_string(budget.threads) + " " + std::to_string(budget.quota.value_or(0));
}

TEST(RealLimits, AQuotaIsFollowed) {
  const Group group("cpu");
  if (!group.made()) GTEST_SKIP() << "no control group can be made here";
  const bool limited = group.version() == 1 ? group.set("cpu.cfs_period_us", "100000") &&
                                                  group.set("cpu.cfs_quota_us", "150000")
                                            : group.set("cpu.max", "150000 100000");
  if (!limited) GTEST_SKIP() << "no quota can be set here";
  const auto answer = group.ask(threads_and_quota);
  if (!answer) GTEST_SKIP() << "no process can be put into a control group here";
  EXPECT_EQ(*answer, "1 1.500000");
}

std::string limit_and_name() {
  const MemoryBudget budget = memory_budget(host());
  return std::to_string(budget.limit_bytes.value_or(0)) + " " +
         std::to_string(budget.available_bytes) + " " + budget.limited_by;
}

TEST(RealLimits, AMemoryLimitIsFollowed) {
  constexpr uint64_t kLimit = uint64_t{1} << 30;
  const Group group("memory");
  if (!group.made()) GTEST_SKIP() << "no control group can be made here";
  if (!group.set(group.version() == 1 ? "memory.limit_in_bytes" : "memory.max",
                 std::to_string(kLimit)))
    GTEST_SKIP() << "no memory limit can be set here";
  const auto answer = group.ask(limit_and_name);
  if (!answer) GTEST_SKIP() << "no process can be put into a control group here";
  const auto words = split(*answer, ' ');
  ASSERT_GE(words.size(), 3U);
  EXPECT_EQ(number_in(words[0]), kLimit);
  EXPECT_LE(number_in(words[1]).value_or(UINT64_MAX), kLimit);
  EXPECT_NE(answer->find("nety-test-"), std::string::npos) << *answer;
}

}  // namespace
}  // namespace nety::machine
