#pragma once
// Mutex with clang's thread-safety annotations: members that it protects carry
// TACIT_GUARDED_BY(mutex_). Locks are leaves: call no other module while holding one. CondVar waits
// on a Mutex held by a MutexLock.

#include <condition_variable>
#include <mutex>
#include <shared_mutex>

#if defined(__clang__)
#define TACIT_THREAD_ANNOTATION(x) __attribute__((x))
#else
#define TACIT_THREAD_ANNOTATION(x)
#endif
#define TACIT_GUARDED_BY(x) TACIT_THREAD_ANNOTATION(guarded_by(x))

namespace tacit {

class TACIT_THREAD_ANNOTATION(capability("mutex")) Mutex {
 public:
  void lock() TACIT_THREAD_ANNOTATION(acquire_capability()) { mutex_.lock(); }
  bool try_lock() TACIT_THREAD_ANNOTATION(try_acquire_capability(true)) {
    return mutex_.try_lock();
  }
  void unlock() TACIT_THREAD_ANNOTATION(release_capability()) { mutex_.unlock(); }

 private:
  std::mutex mutex_;
};

class TACIT_THREAD_ANNOTATION(scoped_lockable) MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) TACIT_THREAD_ANNOTATION(acquire_capability(mutex))
      : mutex_(mutex) {
    mutex_.lock();
  }
  ~MutexLock() TACIT_THREAD_ANNOTATION(release_capability()) { mutex_.unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex& mutex_;
};

// Many readers or one writer.
class TACIT_THREAD_ANNOTATION(capability("shared_mutex")) SharedMutex {
 public:
  void lock() TACIT_THREAD_ANNOTATION(acquire_capability()) { mutex_.lock(); }
  void unlock() TACIT_THREAD_ANNOTATION(release_capability()) { mutex_.unlock(); }
  void lock_shared() TACIT_THREAD_ANNOTATION(acquire_shared_capability()) { mutex_.lock_shared(); }
  void unlock_shared() TACIT_THREAD_ANNOTATION(release_shared_capability()) {
    mutex_.unlock_shared();
  }

 private:
  std::shared_mutex mutex_;
};

class TACIT_THREAD_ANNOTATION(scoped_lockable) SharedMutexLock {
 public:
  explicit SharedMutexLock(SharedMutex& mutex) TACIT_THREAD_ANNOTATION(acquire_capability(mutex))
      : mutex_(mutex) {
    mutex_.lock();
  }
  ~SharedMutexLock() TACIT_THREAD_ANNOTATION(release_capability()) { mutex_.unlock(); }
  SharedMutexLock(const SharedMutexLock&) = delete;
  SharedMutexLock& operator=(const SharedMutexLock&) = delete;

 private:
  SharedMutex& mutex_;
};

class TACIT_THREAD_ANNOTATION(scoped_lockable) ReaderLock {
 public:
  explicit ReaderLock(SharedMutex& mutex) TACIT_THREAD_ANNOTATION(acquire_shared_capability(mutex))
      : mutex_(mutex) {
    mutex_.lock_shared();
  }
  ~ReaderLock() TACIT_THREAD_ANNOTATION(release_capability()) { mutex_.unlock_shared(); }
  ReaderLock(const ReaderLock&) = delete;
  ReaderLock& operator=(const ReaderLock&) = delete;

 private:
  SharedMutex& mutex_;
};

class CondVar {
 public:
  // Call with the mutex locked; it is locked again on return. Spurious wake-ups happen.
  void wait(Mutex& mutex) { condition_.wait(mutex); }
  template <class Rep, class Period>
  void wait_for(Mutex& mutex, std::chrono::duration<Rep, Period> time) {
    condition_.wait_for(mutex, time);
  }
  void notify_one() { condition_.notify_one(); }
  void notify_all() { condition_.notify_all(); }

 private:
  std::condition_variable_any condition_;
};

}  // namespace tacit
