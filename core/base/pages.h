// Advice to the system about pages of a mapped file: what is read next, and what is not needed
// again. Advice only: a page that was given back is read again when it is touched.
#pragma once

#include <cstddef>
#include <span>

namespace nety {

/// Starts reading these bytes of a mapping in the background.
void prefetch_pages(std::span<const std::byte> bytes);
/// Takes the pages that lie wholly within these bytes of a file's mapping out of this process; they
/// stay in the system's cache.
void release_pages(std::span<const std::byte> bytes);

}  // namespace nety
