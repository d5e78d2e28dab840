// buntime-exporter: flags -> Config -> App -> exit status.
#include <fcntl.h>
#include <malloc.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <exception>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <system_error>

#include "app/app.h"
#include "app/healthcheck.h"
#include "app/spdlog_log.h"
#include "app/version.h"
#include "config/flags.h"
#include "config/load.h"
#include "metrics/catalogue.h"

namespace {

// Large buffers (a page, a body) go back to the system when they are done with, instead of leaving holes in a
// heap that only grows: glibc would otherwise raise this threshold after the first of them.
void TuneAllocator() {
  mallopt(M_MMAP_THRESHOLD, 256 * 1024);
  mallopt(M_ARENA_MAX, 2);
}

// Keys live in this process's memory. A core dump would write them to disk, or hand them to the program that
// the system names for dumps, which no limit of size keeps away; and other programs of the same user could
// read along.
void KeepMemoryPrivate() {
  constexpr rlimit kNone = {0, 0};
  setrlimit(RLIMIT_CORE, &kNone);
  prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

// Runtimes and scrapers each take a descriptor; the soft limit of 1024 is made for programs that use
// select().
void RaiseFileLimit() {
  rlimit files = {};
  if (getrlimit(RLIMIT_NOFILE, &files) != 0) return;
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
}

// With fewer, which of its parts finds none is a matter of luck, and so is what that says.
constexpr rlim_t kLeastFiles = 16;

std::optional<buntime::Error> CheckFileLimit() {
  rlimit files = {};
  if (getrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_cur >= kLeastFiles) return std::nullopt;
  return buntime::Error{"the limit of open files is " + std::to_string(files.rlim_cur) + ", at least " +
                        std::to_string(kLeastFiles) +
                        " are needed: raise it (ulimit -n, LimitNOFILE= of systemd)"};
}

// A closed standard descriptor would be given to the next file or socket, which then got what is printed or
// logged.
void OpenStandardDescriptors() {
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd) {
    if (fcntl(fd, F_GETFD) == -1) open("/dev/null", O_RDWR);  // the lowest free one, which is this
  }
}

// The signals that the program reacts to are waited for, by one thread, at one place.
void BlockSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGHUP);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);  // a reader that went away is an error of write(), not the end
}

int Print(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  return std::fflush(stdout) == 0 && std::ferror(stdout) == 0 ? 0 : 1;
}

int Complain(const buntime::Error& error) {
  std::fprintf(stderr, "buntime-exporter: %s\n", error.message.c_str());
  return 1;
}

int Run(int argc, char** argv) {
  using buntime::Invocation;
  const std::string version = "buntime-exporter " + std::string(buntime::kVersion) + " (revision " +
                              std::string(buntime::kRevision) + ", " + std::string(buntime::kCompiler) +
                              ")\n";
  const auto invocation = buntime::ParseCommandLine(argc, argv, version);
  if (!invocation) return Complain(invocation.error());
  if (invocation->action == Invocation::Action::kPrint) return Print(invocation->text);
  if (invocation->action == Invocation::Action::kListAsMarkdown) return Print(buntime::CatalogueAsMarkdown());
  if (invocation->action == Invocation::Action::kListAsJson) return Print(buntime::CatalogueAsJson());
  if (invocation->action == Invocation::Action::kHealthcheck) {
    const auto log = buntime::MakeSpdlogLog(buntime::LogLevel::kError, buntime::LogFormat::kLogfmt);
    const auto error = buntime::CheckHealth(*invocation, *log);
    return error ? Complain(*error) : 0;
  }

  const auto config = buntime::LoadConfig(*invocation);
  if (!config) return Complain(config.error());
  auto warnings = buntime::CheckRest(*config);
  if (!warnings) return Complain(warnings.error());
  warnings->insert(warnings->begin(), invocation->warnings.begin(), invocation->warnings.end());
  if (invocation->action == Invocation::Action::kCheck) {
    for (const std::string& warning : *warnings) Complain({"warning: " + warning});
    return Print("the configuration is valid\n");
  }
  if (const auto error = CheckFileLimit()) return Complain(*error);
  const auto log = buntime::MakeSpdlogLog(config->log_level, config->log_format);
  return invocation->action == Invocation::Action::kOnce
             ? buntime::PollOnce(*config, *warnings, *log)
             : buntime::Serve(*invocation, *config, *warnings, *log);
}

}  // namespace

int main(int argc, char** argv) {
  OpenStandardDescriptors();
  KeepMemoryPrivate();
  RaiseFileLimit();
  TuneAllocator();
  BlockSignals();
  try {
    return Run(argc, argv);
  } catch (const std::bad_alloc&) {
    return Complain({"cannot start: out of memory: raise the memory limit"});
  } catch (const std::system_error& error) {
    const bool thread = error.code() == std::errc::resource_unavailable_try_again;
    return Complain(
        {"cannot start: " + error.code().message() + ": raise the limit of " +
         (thread ? "threads (ulimit -u, TasksMax= of systemd, the container's limit of pids) or of memory"
                 : "memory, threads or open files")});
  } catch (const std::exception& exception) {
    return Complain({std::string("cannot start: ") + exception.what() +
                     ": raise the limits of memory, threads and open files"});
  }
}
