#pragma once
// Memory for large tables, in pages of 2 MiB where the system gives them, else in its usual ones.
// Rows are read here and there, and with pages of 4 KiB it takes longer to look up where a row lies
// than to read it (ADR 0031). Private to the module.

#include <cstddef>
#include <memory>
#include <new>

namespace tacit::vector {

inline constexpr std::size_t kPageBytes = 2U << 20U;

struct Unmap {
  std::size_t bytes = 0;
  void operator()(std::byte* pages) const;
};
using Pages = std::unique_ptr<std::byte, Unmap>;

// Zeros, which take memory when they are first written to; aligned to kPageBytes. Where there is no
// memory the process ends.
Pages map_pages(std::size_t bytes);

// For vectors: pages from a page on, below that what new gives.
template <class T>
struct PageAllocator {
  using value_type = T;
  PageAllocator() = default;
  template <class Other>
  explicit PageAllocator(const PageAllocator<Other>&) {}
  bool operator==(const PageAllocator&) const = default;

  T* allocate(std::size_t count) {
    const std::size_t bytes = count * sizeof(T);
    void* const memory =
        bytes < kPageBytes ? ::operator new(bytes) : static_cast<void*>(map_pages(bytes).release());
    return static_cast<T*>(memory);
  }
  void deallocate(T* memory, std::size_t count) {
    const std::size_t bytes = count * sizeof(T);
    if (bytes < kPageBytes)
      ::operator delete(memory);
    else
      Unmap{bytes}(reinterpret_cast<std::byte*>(memory));
  }
};

}  // namespace tacit::vector
