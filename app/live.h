// A benchmark while it runs: a table and a line of progress on the terminal, rows in a file.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "app/activity.h"
#include "app/command.h"
#include "bench/run.h"
#include "core/results/results.h"

namespace nety::app {

/// Lines of JSON, appended row by row as samples come in, so that whatever ends the program leaves
/// what was measured: every line written is whole. A row comes again with each sample; the last one
/// counts.
class RowStream {
 public:
  /// Begins the file with the header's line. Error: kIo.
  RowStream(const std::string& path, const results::File& header);
  ~RowStream();
  RowStream(const RowStream&) = delete;
  RowStream& operator=(const RowStream&) = delete;
  void append(const results::Result& row);

 private:
  int descriptor_ = -1;
};

class LiveView final : public bench::Observer {
 public:
  /// `header`: tool, command and machines, for the files. `streams`: paths of JSON lines; those
  /// that are no regular files are left to the end. Error: kIo.
  LiveView(const Context& context, const results::File& header,
           const std::vector<std::string>& streams);
  ~LiveView() override;

  void step(const bench::Step& step) override;
  void expect(const bench::Expectation& expectation) override;
  void refused(const bench::Contender& contender) override;
  void row(const results::Result& row) override;
  bool interrupted() override;
  /// The contenders that were refused before they were measured.
  const std::vector<bench::Contender>& refused() const { return refused_; }

 private:
  void keep(const results::Result& row);
  std::string table();
  void draw();
  void draw_activity();
  void erase();

  const Context& context_;
  bool draw_;
  Language language_;
  results::File file_;
  std::vector<std::unique_ptr<RowStream>> streams_;
  std::vector<bench::Contender> refused_;
  Activity activity_;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  size_t lines_ = 0, width_ = 0;  // of the table and of the last line, as drawn
  bool drawn_ = false;
  std::chrono::steady_clock::time_point last_{};
};

}  // namespace nety::app
