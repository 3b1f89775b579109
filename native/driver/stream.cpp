// Streams, capture and graphs. Work is done in order on the calling thread; a graph is a list of captured work.
#include "driver/driver.h"

namespace thalweg {
namespace {

// The default stream has three names: null, CU_STREAM_LEGACY and CU_STREAM_PER_THREAD.
bool is_default(CUstream stream) { return reinterpret_cast<uintptr_t>(stream) <= 2; }

[[noreturn]] void spoil(Stream& capturing, CUresult code, const char* message) {
  capturing.capture = CU_CAPTURE_INVALIDATED;
  throw Failure{code, message};
}

}  // namespace

void Context::forbid_in_graph(CUstream stream, const char* message) {
  if (is_default(stream)) return;
  Stream& target = *streams.get(stream);
  if (target.capture != CU_CAPTURE_NONE) spoil(target, CUDA_ERROR_NOT_SUPPORTED, message);
}

void Context::do_next(Stream& stream) {
  const Work work = std::move(stream.pending.front());
  stream.pending.pop_front();
  work(*this);
}

void Context::finish(Stream& stream) {
  while (!stream.pending.empty()) do_next(stream);
}

void Context::finish_unless_capturing(CUstream stream) {
  if (is_default(stream)) return finish_blocking();
  Stream& target = *streams.get(stream);
  if (target.capture == CU_CAPTURE_NONE) finish(target);
}

void Context::finish_blocking() {
  for (const auto& [handle, stream] : streams) {
    if (stream->blocking) finish(*stream);
  }
}

void Context::finish_all() {
  for (const auto& [handle, stream] : streams) finish(*stream);
}

void Context::enqueue(CUstream stream, Work work) {
  if (is_default(stream)) {
    // It waits for the other streams, so it cannot do anything while one of them only takes notes.
    for (const auto& [handle, other] : streams) {
      if (other->capture != CU_CAPTURE_ACTIVE) continue;
      spoil(*other, CUDA_ERROR_STREAM_CAPTURE_IMPLICIT, "work for the default stream while another stream captures");
    }
    finish_blocking();
    return work(*this);
  }
  Stream& target = *streams.get(stream);
  require(target.capture != CU_CAPTURE_INVALIDATED, CUDA_ERROR_STREAM_CAPTURE_INVALIDATED, "the capture is invalid");
  if (target.capture == CU_CAPTURE_ACTIVE) return target.graph.push_back(std::move(work));
  target.pending.push_back(std::move(work));
  if (Driver::get().globals.late == 0) finish(target);
}

void Context::forbid_during_capture() {
  for (const auto& [handle, stream] : streams) {
    const bool concerned =
        stream->mode == CU_CAPTURE_GLOBAL ||
        (stream->mode == CU_CAPTURE_THREAD_LOCAL && stream->capturing_thread == std::this_thread::get_id());
    if (stream->capture != CU_CAPTURE_ACTIVE || !concerned) continue;
    spoil(*stream, CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED, "not permitted while a stream captures");
  }
}

}  // namespace thalweg

using namespace thalweg;

THALWEG_EXPORT CUresult cuStreamCreate(CUstream* stream, unsigned flags) {
  return call_in_context("cuStreamCreate", [&](Context& context) {
    require(flags <= 1, CUDA_ERROR_INVALID_VALUE, "the flags are 0 or 1 (non-blocking)");
    *stream = context.streams.add(std::make_shared<Stream>());
    context.streams.get(*stream)->blocking = flags == 0;
  });
}

THALWEG_EXPORT CUresult cuStreamDestroy_v2(CUstream stream) {
  return call_in_context("cuStreamDestroy", [&](Context& context) {
    context.finish(*context.streams.get(stream));
    context.streams.remove(stream);
  });
}

THALWEG_EXPORT CUresult cuStreamSynchronize(CUstream stream) {
  return call_in_context("cuStreamSynchronize", [&](Context& context) {
    if (is_default(stream)) {
      context.forbid_during_capture();
      return context.finish_blocking();
    }
    Stream& s = *context.streams.get(stream);
    if (s.capture == CU_CAPTURE_NONE) return context.finish(s);
    spoil(s, CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED, "the stream captures: nothing has been started");
  });
}

THALWEG_EXPORT CUresult cuStreamBeginCapture_v2(CUstream stream, CUstreamCaptureMode mode) {
  return call_in_context("cuStreamBeginCapture", [&](Context& context) {
    require(!is_default(stream), CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED, "the default stream cannot capture");
    require(mode >= CU_CAPTURE_GLOBAL && mode <= CU_CAPTURE_RELAXED, CUDA_ERROR_INVALID_VALUE, "unknown capture mode");
    Stream& s = *context.streams.get(stream);
    require(s.capture == CU_CAPTURE_NONE, CUDA_ERROR_INVALID_VALUE, "the stream captures already");
    s.capture = CU_CAPTURE_ACTIVE;
    s.mode = mode;
    s.capturing_thread = std::this_thread::get_id();
  });
}

THALWEG_EXPORT CUresult cuStreamEndCapture(CUstream stream, CUgraph* graph) {
  return call_in_context("cuStreamEndCapture", [&](Context& context) {
    *graph = nullptr;
    Stream& s = *context.streams.get(stream);
    require(s.capture != CU_CAPTURE_NONE, CUDA_ERROR_INVALID_VALUE, "the stream does not capture");
    require(s.mode == CU_CAPTURE_RELAXED || s.capturing_thread == std::this_thread::get_id(),
            CUDA_ERROR_STREAM_CAPTURE_WRONG_THREAD, "another thread began the capture");
    const CUstreamCaptureStatus status = std::exchange(s.capture, CU_CAPTURE_NONE);
    const Graph captured = std::exchange(s.graph, {});
    require(status == CU_CAPTURE_ACTIVE, CUDA_ERROR_STREAM_CAPTURE_INVALIDATED, "the capture is invalid");
    *graph = context.graphs.add(std::make_shared<Graph>(captured));
  });
}

THALWEG_EXPORT CUresult cuStreamIsCapturing(CUstream stream, CUstreamCaptureStatus* status) {
  return call_in_context("cuStreamIsCapturing", [&](Context& context) {
    *status = is_default(stream) ? CU_CAPTURE_NONE : context.streams.get(stream)->capture;
  });
}

THALWEG_EXPORT CUresult cuGraphInstantiateWithFlags(CUgraphExec* exec, CUgraph graph, unsigned long long flags) {
  return call_in_context("cuGraphInstantiateWithFlags", [&](Context& context) {
    require(flags == 0, CUDA_ERROR_NOT_SUPPORTED, "no flag of an executable graph is known");
    *exec = context.graph_execs.add(std::make_shared<const Graph>(*context.graphs.get(graph)));
  });
}

THALWEG_EXPORT CUresult cuGraphLaunch(CUgraphExec exec, CUstream stream) {
  return call_in_context("cuGraphLaunch", [&](Context& context) {
    context.enqueue(stream, [graph = context.graph_execs.get(exec)](Context& c) {
      for (const Work& work : *graph) work(c);
    });
  });
}

THALWEG_EXPORT CUresult cuGraphExecDestroy(CUgraphExec exec) {
  return call_in_context("cuGraphExecDestroy", [&](Context& context) { context.graph_execs.remove(exec); });
}

THALWEG_EXPORT CUresult cuGraphDestroy(CUgraph graph) {
  return call_in_context("cuGraphDestroy", [&](Context& context) { context.graphs.remove(graph); });
}
