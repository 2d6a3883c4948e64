-- wrk's result in words that serve.py reads.
done = function(summary, latency, requests)
   local errors = summary.errors
   io.write(string.format("told requests %d\ntold bytes %d\ntold microseconds %d\ntold failed %d\n", summary.requests, summary.bytes,
      summary.duration, errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
