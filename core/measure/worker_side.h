// The child's side of a worker: lines come in, each is answered by one or more lines.
#pragma once

#include <functional>
#include <optional>
#include <string>

namespace nety::measure {

/// Makes this process a worker: it ends with its parent, a closed pipe is an error of write(), and
/// what libraries print to stdout goes to stderr. Returns the descriptor that answers go to, or -1.
int become_worker();

/// Writes `line` and a newline; false if nobody reads.
bool write_line(int output, std::string line);

/// Writes the answer to each line of `input` until it ends or the answer is nothing. Returns the
/// exit code: 1 if an answer could not be written. Uses descriptors and not iostreams, whose
/// buffers libraries could write into.
int answer_lines(int input, int output,
                 const std::function<std::optional<std::string>(const std::string& line)>& answer);

}  // namespace nety::measure
