// Events: time stamps in streams.
#include <algorithm>

#include "driver/driver.h"

namespace thalweg {
namespace {

constexpr unsigned kBlockingSync = 1, kDisableTiming = 2;

CUresult event_call(const char* name, CUevent event, const std::function<void(Context&, Event&)>& body) {
  return call_in_context(name, [&](Context& context) { body(context, *context.events.get(event)); });
}

}  // namespace
}  // namespace thalweg

using namespace thalweg;

THALWEG_EXPORT CUresult cuEventCreate(CUevent* event, unsigned flags) {
  return call_in_context("cuEventCreate", [&](Context& context) {
    require((flags & ~(kBlockingSync | kDisableTiming)) == 0, CUDA_ERROR_NOT_SUPPORTED,
            "only the flags BLOCKING_SYNC and DISABLE_TIMING are known");
    *event = context.events.add(std::make_shared<Event>(Event{(flags & kDisableTiming) == 0}));
  });
}

// While the stream captures CUDA would take it for an edge of the graph.
THALWEG_EXPORT CUresult cuEventRecord(CUevent event, CUstream stream) {
  return event_call("cuEventRecord", event, [&](Context& context, Event& e) {
    context.forbid_in_graph(stream, "events in a graph are not supported");
    e.stream = stream;
    context.enqueue(stream, [target = context.events.get(event), number = ++e.recorded](Context&) {
      target->time = std::chrono::steady_clock::now();
      target->reached = std::max(target->reached, number);
    });
  });
}

// An event that was never recorded has been reached.
THALWEG_EXPORT CUresult cuEventQuery(CUevent event) {
  return event_call("cuEventQuery", event, [](Context& context, const Event& e) {
    context.forbid_during_capture();
    require(e.reached == e.recorded, CUDA_ERROR_NOT_READY, "the stream has not reached the event");
  });
}

THALWEG_EXPORT CUresult cuEventSynchronize(CUevent event) {
  return event_call("cuEventSynchronize", event, [](Context& context, const Event& e) {
    context.forbid_during_capture();
    while (e.reached < e.recorded) context.do_next(*context.streams.get(e.stream));
  });
}

THALWEG_EXPORT CUresult cuEventElapsedTime(float* milliseconds, CUevent from, CUevent to) {
  return call_in_context("cuEventElapsedTime", [&](Context& context) {
    const Event &first = *context.events.get(from), &last = *context.events.get(to);
    for (const Event* e : {&first, &last}) {
      require(e->timed && e->recorded > 0, CUDA_ERROR_INVALID_HANDLE, "an event has no time");
      require(e->reached == e->recorded, CUDA_ERROR_NOT_READY, "the stream has not reached an event");
    }
    *milliseconds = std::chrono::duration<float, std::milli>(last.time - first.time).count();
  });
}

THALWEG_EXPORT CUresult cuEventDestroy_v2(CUevent event) {
  return call_in_context("cuEventDestroy", [&](Context& context) { context.events.remove(event); });
}
