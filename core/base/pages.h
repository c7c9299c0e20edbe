// Advice to the kernel about pages: which of a mapped file are read next, which are not needed
// again, which should be huge pages. It changes speed only, never results.
#pragma once

#include <cstddef>
#include <span>

namespace nety {

/// Starts reading these bytes of a mapping in the background.
void prefetch_pages(std::span<const std::byte> bytes);
/// Takes the pages that lie wholly within these bytes of a file's mapping out of this process; they
/// stay in the system's cache.
void release_pages(std::span<const std::byte> bytes);
/// Asks for huge pages (2 MiB) under the whole ones of them within these bytes of anonymous memory,
/// now: their contents move. Where the system does not, nothing changes.
void gather_pages(std::span<const std::byte> bytes);

}  // namespace nety
