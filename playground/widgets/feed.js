/* The live feed: how the browser learns what a run is doing.
 *
 * Gradio tells a component only WHICH run to show; the rows come from a plain JSON route, asked by cursor, so
 * that a refresh, a second tab and a slow network all end up with the same picture. There is one poll loop
 * for a run, however many components listen to it. Left out on purpose: server-sent events (a lost
 * connection ends them for good, and every open page would hold one) and any drawing.
 *
 * The text of this file stands inside a script element: it must not contain that element's closing tag.
 */
(() => {
  if (window.playgroundFeed) return;

  const EAGER_MS = 120, LIVE_MS = 500, SETTLED_MS = 3000;
  const EAGER_FOR_MS = 3000;
  const BACKOFF_MS = [1000, 2000, 4000, 5000];
  const TIMEOUT_MS = 10000;
  const ROWS = ['points', 'evals', 'samples'];
  const MOST = { points: 6000, evals: 4000, samples: 300 }; // rows held of a run; beyond, older ones are thinned
  const UNTHINNED = 1000; // the newest rows, which stay as they are
  const WIDTH = { points: 3, evals: 4 }; // columns of a row; behind them, the means of the losses of those it stands for
  const feeds = new Map();
  const left = new Set(); // runs that this page deletes: nobody asks for them any more

  const visible = () => document.visibilityState === 'visible';

  /** The page's root: Gradio's own when it is of this origin (a proxy may hide another), else the page's. */
  function root() {
    const base = new URL('.', document.baseURI).href;
    const told = window.gradio_config?.root;
    if (!told) return base;
    const url = new URL(told.endsWith('/') ? told : told + '/', base);
    return url.origin === window.location.origin ? url.href : base;
  }

  /** Rows that memory has room for: of four older ones the lowest and the highest, so that no spike is lost. */
  function bounded(rows, kind) {
    if (rows.length <= MOST[kind]) return rows;
    if (kind === 'samples') return rows.slice(-MOST.samples);
    const column = kind === 'points' ? 1 : 2, until = rows.length - UNTHINNED, kept = [];
    for (let i = 0; i < until; i += 4) {
      const four = rows.slice(i, Math.min(i + 4, until));
      const low = four.reduce((a, b) => (b[column] < a[column] ? b : a));
      const high = four.reduce((a, b) => (b[column] >= a[column] ? b : a));
      const means = column === 1 ? [mean(four, kind, 1)] : [mean(four, kind, 1), mean(four, kind, 2)];
      const ends = four.filter((row) => row === low || row === high);
      kept.push(...ends.map((row) => (four.length > 1 ? [...row.slice(0, WIDTH[kind]), ...means] : row)));
    }
    return kept.concat(rows.slice(until));
  }

  /** The mean of a loss over all that some rows stand for; null where none of them is a number. */
  function mean(rows, kind, column) {
    const known = rows.map((row) => (row.length > WIDTH[kind] ? row[WIDTH[kind] + column - 1] : row[column]))
      .filter((loss) => loss !== null);
    return known.length ? known.reduce((sum, loss) => sum + loss, 0) / known.length : null;
  }

  class Feed {
    constructor(run, lang) {
      this.run = run;
      this.lang = lang;
      this.listeners = new Set();
      this.timer = null;
      this.inFlight = false;
      this.askedAgain = false;
      this.failures = 0;
      this.eagerUntil = 0;
      this.live = LIVE_MS;
      this.heard = false;
      this.view = { era: 0 };
      this.forget();
    }

    /** Start again from the first row; a new era tells the listeners to drop what they drew. */
    forget() {
      this.cursor = { points: 0, evals: 0, samples: 0 };
      this.view = { ...this.view, era: this.view.era + 1, points: [], evals: [], samples: [] };
    }

    hurry() {
      this.eagerUntil = Date.now() + EAGER_FOR_MS;
      this.pollNow();
    }

    pollNow() {
      if (this.inFlight) this.askedAgain = true;
      else this.poll();
    }

    schedule() {
      clearTimeout(this.timer);
      if (!this.listeners.size || !visible() || left.has(this.run)) return;
      this.timer = setTimeout(() => this.poll(), this.askedAgain ? 0 : this.pause());
    }

    pause() {
      if (this.failures) return BACKOFF_MS[Math.min(this.failures, BACKOFF_MS.length) - 1];
      if (Date.now() < this.eagerUntil) return EAGER_MS;
      return ['running', 'queued'].includes(this.view.state) ? this.live : SETTLED_MS;
    }

    async poll() {
      clearTimeout(this.timer);
      if (this.inFlight || !this.listeners.size || !visible() || left.has(this.run)) return;
      this.inFlight = true;
      this.askedAgain = false;
      try {
        const answer = await this.ask();
        this.failures = 0;
        this.pace(answer);
        this.take(answer);
      } catch {
        this.failures += 1;
        this.tell({ offline: true });
      } finally {
        this.inFlight = false;
        this.schedule();
      }
    }

    /** While it trains, the server tells the pace: it knows how many watch, and whether from its own machine. */
    pace({ pause }) {
      if (pause > 0) this.live = 1000 * pause;
    }

    async ask() {
      const url = new URL('playground/feed/' + encodeURIComponent(this.run), root());
      for (const kind of ROWS) url.searchParams.set(kind, this.cursor[kind]);
      url.searchParams.set('lang', this.lang);
      const response = await fetch(url, { cache: 'no-store', signal: AbortSignal.timeout(TIMEOUT_MS) });
      if (response.status !== 404 && !response.ok) throw new Error('HTTP ' + response.status);
      const answer = await response.json();
      return response.status === 404 ? { missing: true, error: String(answer.error ?? '') } : answer;
    }

    take(answer) {
      if (answer.missing) {
        this.forget();
        this.tell({ offline: false, missing: true, error: answer.error });
      } else if (this.isReset(answer)) {
        this.forget();
        this.askedAgain = true;
      } else {
        const { next, pause, ...news } = answer;
        const fresh = {};
        for (const kind of ROWS) {
          fresh[kind] = news[kind].length;
          news[kind] = fresh[kind] ? bounded(this.view[kind].concat(news[kind]), kind) : this.view[kind];
        }
        news.baselines ??= this.view.baselines ?? null;
        this.cursor = { ...next };
        this.tell({ ...news, fresh, offline: false, missing: false });
      }
    }

    /** Rows that go back in number or in step mean that the run began anew. */
    isReset(answer) {
      const stepOf = (row) => (Array.isArray(row) ? row[0] : row.step);
      return ROWS.some((kind) => {
        if (answer.next[kind] < this.cursor[kind]) return true;
        const held = this.view[kind].at(-1), first = answer[kind][0];
        return held && first && stepOf(first) < stepOf(held);
      });
    }

    tell(news) {
      this.heard = true;
      this.view = { ...this.view, ...news };
      for (const listener of [...this.listeners]) this.call(listener, this.view);
      this.view = { ...this.view, fresh: { points: 0, evals: 0, samples: 0 } };
    }

    call(listener, view) {
      try {
        listener(view);
      } catch (error) {
        console.error('a listener of the feed failed', error);
      }
    }
  }

  document.addEventListener('visibilitychange', () => {
    if (visible()) feeds.forEach((feed) => feed.pollNow());
  });
  window.addEventListener('online', () => feeds.forEach((feed) => feed.pollNow()));

  window.playgroundFeed = {
    root,

    /** Call back with everything held of a run at every change of it; the answer ends the subscription. */
    subscribe(run, lang, callback) {
      const key = JSON.stringify([run, lang]);
      if (!feeds.has(key)) feeds.set(key, new Feed(run, lang));
      const feed = feeds.get(key);
      const listener = (view) => callback(view);
      feed.listeners.add(listener);
      if (feed.heard) {
        const { points, evals, samples } = feed.view;
        const fresh = { points: points.length, evals: evals.length, samples: samples.length };
        feed.call(listener, { ...feed.view, fresh });
      }
      feed.hurry();
      return () => {
        feed.listeners.delete(listener);
        if (feed.listeners.size) return;
        clearTimeout(feed.timer);
        if (feeds.get(key) === feed) feeds.delete(key);
      };
    },

    /** Ask no more for a run, which this page is about to delete. */
    leave(run) {
      left.add(run);
    },

    /** Ask for the runs again that could not be deleted. */
    stay() {
      left.clear();
      feeds.forEach((feed) => feed.pollNow());
    },

    /** Ask for a run's news at once, and often for a moment: a command was just given. */
    hurry(run) {
      feeds.forEach((feed) => feed.run === run && feed.hurry());
    },
  };
})();
