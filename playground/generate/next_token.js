/* From logits to the next token, by the very steps of core/sampling.py: pure functions, which a test holds against it.
 * Stands before by_hand.js. `order` is what `ranked` gives: it follows from the logits alone, and is worked out once. */
const nextToken = (() => {
  const SIZE = 624, SHIFT = 397; // of the Mersenne Twister's state

  /** The ids from the likeliest to the least likely; of equally likely ones the lower first. */
  function ranked(logits) {
    return Uint32Array.from(logits.keys()).sort((a, b) => logits[b] - logits[a] || a - b);
  }

  /** The order by what is left of the differences at a temperature: what became equal stands by its id. */
  function reranked(order, scaled) {
    const ids = Uint32Array.from(order);
    for (let from = 0; from < ids.length;) {
      let to = from + 1;
      while (to < ids.length && scaled[ids[to]] === scaled[ids[from]]) to += 1;
      if (to - from > 1) ids.subarray(from, to).sort();
      from = to;
    }
    return ids;
  }

  function divide(numbers, total) {
    for (let i = 0; i < numbers.length; i += 1) numbers[i] /= total;
    return numbers;
  }

  const sum = (numbers) => numbers.reduce((all, each) => all + each, 0);

  /** `next_token_probs`: what the sampler draws from. topK and topP may be null. */
  function probs(logits, order, { temperature, topK, topP }) {
    const V = logits.length, best = logits[order[0]], shares = new Float64Array(V);
    if (temperature === 0) {
      shares[order[0]] = 1;
      return shares;
    }
    const scaled = Float64Array.from(logits, (logit) => (logit - best) / temperature);
    const whole = topP === null || topP >= 1;
    const powers = scaled.map(Math.exp);
    divide(powers, sum(powers));
    if (whole && (topK === null || topK >= V)) return powers;
    const ids = reranked(order, scaled), kept = Float64Array.from(ids, (id) => powers[id]);
    if (topK !== null) divide(kept.fill(0, topK), sum(kept));
    if (!whole) {
      let reached = 0;
      for (let i = 0; i < V; i += 1) {
        reached += kept[i];
        if (reached - kept[i] >= topP * (1 - 1e-12)) kept[i] = 0;
      }
      divide(kept, sum(kept));
    }
    ids.forEach((id, i) => { shares[id] = kept[i]; });
    return shares;
  }

  /** Where each token's part of the line ends, on which the probabilities lie end to end, by their ids. */
  function ends(shares) {
    let reached = 0;
    return shares.map((share) => (reached += share));
  }

  /** `_choose`: the id at a share of the line; never one of probability 0. */
  function choose(ending, share) {
    const target = share * ending[ending.length - 1];
    let low = 0, high = ending.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (ending[middle] > target) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  /** From where to where a token's part of the line goes, as shares of it. */
  function part(ending, id) {
    const all = ending[ending.length - 1];
    return [id ? ending[id - 1] / all : 0, ending[id] / all];
  }

  /** The numbers of Python's `random.Random(seed)`, from which the sampler takes one a token (Matsumoto and Nishimura, 1998). */
  class Random {
    constructor(seed) {
      const high = Math.floor(seed / 2 ** 32), key = high ? [seed >>> 0, high] : [seed >>> 0];
      const state = this.state = new Uint32Array(SIZE);
      this.at = SIZE;
      state[0] = 19650218;
      for (let i = 1; i < SIZE; i += 1) state[i] = Math.imul(1812433253, state[i - 1] ^ (state[i - 1] >>> 30)) + i;
      let i = 1, j = 0;
      const mix = (factor) => state[i] ^ Math.imul(state[i - 1] ^ (state[i - 1] >>> 30), factor);
      const next = () => {
        i += 1;
        if (i < SIZE) return;
        state[0] = state[SIZE - 1];
        i = 1;
      };
      for (let k = Math.max(SIZE, key.length); k; k -= 1) {
        state[i] = mix(1664525) + key[j] + j;
        next();
        j = (j + 1) % key.length;
      }
      for (let k = SIZE - 1; k; k -= 1) {
        state[i] = mix(1566083941) - i;
        next();
      }
      state[0] = 2 ** 31;
    }

    word() {
      const { state } = this;
      if (this.at === SIZE) {
        this.at = 0;
        for (let i = 0; i < SIZE; i += 1) {
          const both = (state[i] & 0x80000000) | (state[(i + 1) % SIZE] & 0x7fffffff);
          state[i] = state[(i + SHIFT) % SIZE] ^ (both >>> 1) ^ (both & 1 ? 0x9908b0df : 0);
        }
      }
      let y = state[this.at++];
      y ^= y >>> 11;
      y ^= (y << 7) & 0x9d2c5680;
      y ^= (y << 15) & 0xefc60000;
      return (y ^ (y >>> 18)) >>> 0;
    }

    /** The next number in [0, 1): 53 random bits. */
    random() {
      const high = this.word() >>> 5, low = this.word() >>> 6;
      return (high * 67108864 + low) / 9007199254740992;
    }
  }

  return { ranked, probs, ends, choose, part, Random };
})();
