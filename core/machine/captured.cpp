// A machine captured in a folder, replayed: how tests ask machines they do not run on.
#include <algorithm>
#include <cstdlib>
#include <map>
#include <set>
#include <sstream>

#include "core/base/error.h"
#include "core/base/files.h"
#include "core/machine/machine.h"

namespace nety::machine {
namespace {

constexpr size_t kReadLimit = size_t{1} << 20;

/// What was read one after the other; the last reading stays.
class CapturedCounters final : public Counters {
 public:
  explicit CapturedCounters(const std::map<std::string, std::string>& lines) : lines_(lines) {}

  CounterReading read() override {
    CounterReading reading;
    for (size_t i = 0; i < kCounters; ++i) {
      const auto line = lines_.find(std::string(kCounterWords[i]));
      reading[i] = line == lines_.end() ? Answer<double>{{}, "not captured"} : nth(line->second);
    }
    ++readings_;
    return reading;
  }

 private:
  Answer<double> nth(const std::string& line) const {
    if (line.starts_with("?")) return {{}, line.substr(std::min<size_t>(line.size(), 2))};
    std::istringstream words(line);
    Answer<double> last{{}, "not captured"};
    double value = 0;
    for (int i = 0; i <= readings_ && words >> value; ++i) last = {value, ""};
    return last;
  }

  std::map<std::string, std::string> lines_;
  int readings_ = 0;
};

class Captured final : public Machine {
 public:
  explicit Captured(const std::filesystem::path& root) : root_(root) {
    if (!std::filesystem::is_directory(root))
      throw Error(ErrorKind::kIo, root.string() + ": not a folder with a captured machine");
    if (exists("cpuid.txt")) read_cpuid(read_file(root / "cpuid.txt", kReadLimit));
    if (exists("facts.txt")) read_facts(read_file(root / "facts.txt", kReadLimit));
  }

  Answer<std::string> read(const std::string& path) const override {
    if (denied(path)) return {{}, "denied"};
    if (!std::filesystem::is_regular_file(inside(path))) return {{}, "missing"};
    return {read_file(inside(path), kReadLimit), ""};
  }

  Answer<std::vector<std::string>> list(const std::string& path) const override {
    if (denied(path)) return {{}, "denied"};
    if (!std::filesystem::is_directory(inside(path))) return {{}, "missing"};
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(inside(path)))
      names.push_back(entry.path().filename().string());
    std::sort(names.begin(), names.end());
    return {std::move(names), ""};
  }

  Answer<CpuidLeaf> cpuid(uint32_t leaf, uint32_t subleaf) const override {
    if (leaves_.empty()) return {{}, "not an x86-64 processor"};
    const auto found = leaves_.find({leaf, subleaf});
    return {found != leaves_.end() ? found->second : CpuidLeaf{}, ""};
  }

  Answer<uint64_t> xgetbv() const override {
    if (!xcr0_) return {{}, "not captured"};
    return {xcr0_, ""};
  }

  Answer<int> affinity() const override {
    if (!affinity_) return {{}, "not captured"};
    return {affinity_, ""};
  }

  Answer<uint64_t> address_space_limit() const override {
    if (!address_space_) return {{}, "unlimited"};
    return {address_space_, ""};
  }

  Answer<bool> tile_permission() const override {
    const auto word = word_of("tile_permission");
    if (!word) return {{}, word.reason};
    return {*word.value == "granted", ""};
  }
  Answer<std::string> libc() const override { return word_of("libc"); }
  Answer<std::string> topology() const override { return word_of("topology"); }
  Answer<double> read_rate(const std::string&, double) const override {
    const auto word = word_of("read_rate");
    if (!word) return {{}, word.reason};
    return {std::strtod(word.value->c_str(), nullptr), ""};
  }

  Answer<std::string> gpu_drivers() const override {
    if (!exists("drivers.txt")) return {{}, "not captured"};
    return {read_file(root_ / "drivers.txt", kReadLimit), ""};
  }

  std::unique_ptr<Counters> counters() const override {
    return std::make_unique<CapturedCounters>(counters_);
  }

 private:
  std::filesystem::path inside(const std::string& path) const {
    return root_ / std::filesystem::path(path).relative_path();
  }
  bool exists(const char* name) const { return std::filesystem::exists(root_ / name); }
  Answer<std::string> word_of(const char* fact) const {
    const auto found = words_.find(fact);
    if (found == words_.end()) return {{}, "not captured"};
    return {found->second, ""};
  }
  bool denied(const std::string& path) const {
    return std::any_of(denied_.begin(), denied_.end(),
                       [&](const std::string& prefix) { return path.starts_with(prefix); });
  }

  // "leaf subleaf eax ebx ecx edx" and "xcr0 value", all in hex.
  void read_cpuid(const std::string& text) {
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
      std::istringstream words(line);
      words >> std::hex;
      if (uint64_t value = 0; line.starts_with("xcr0 ")) {
        words.ignore(5);
        if (words >> value) xcr0_ = value;
        continue;
      }
      uint32_t leaf = 0;
      uint32_t subleaf = 0;
      CpuidLeaf out{};
      if (words >> leaf >> subleaf >> out.eax >> out.ebx >> out.ecx >> out.edx)
        leaves_[{leaf, subleaf}] = out;
    }
  }

  // "affinity 2", "address_space 8000000000", "denied /proc/driver"; "counter cycles 900 1800", one
  // number per reading, or "counter cycles ? denied"; the rest are answers of one line: "libc glibc
  // 2.36".
  void read_facts(const std::string& text) {
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
      std::istringstream words(line);
      std::string fact;
      words >> fact;
      if (int count = 0; fact == "affinity" && words >> count) affinity_ = count;
      if (uint64_t bytes = 0; fact == "address_space" && words >> bytes) address_space_ = bytes;
      if (std::string path; fact == "denied" && words >> path) denied_.insert(path);
      if (std::string name; fact == "counter" && words >> name)
        std::getline(words >> std::ws, counters_[name]);
      for (const char* known : {"tile_permission", "libc", "topology", "read_rate"})
        if (fact == known) std::getline(words >> std::ws, words_[fact]);
    }
  }

  std::filesystem::path root_;
  std::map<std::pair<uint32_t, uint32_t>, CpuidLeaf> leaves_;
  std::optional<uint64_t> xcr0_, address_space_;
  std::optional<int> affinity_;
  std::set<std::string> denied_;
  std::map<std::string, std::string> words_, counters_;
};

}  // namespace

std::unique_ptr<Machine> captured(const std::filesystem::path& root) {
  return std::make_unique<Captured>(root);
}

}  // namespace nety::machine
