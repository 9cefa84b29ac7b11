// A screen whose code is fetched when it is first shown. Not React's `lazy`: what stands below a `Suspense` is held
// back for 300 ms once its fallback was seen, so that a screen would wait that long with its code at hand.
import { useEffect, useState, type ComponentType } from 'react';
import { Refused } from '../api/client';
import { Problem } from './Problem';

type Loaded<Props> = { default: ComponentType<Props> };

export function later<Props extends object>(load: () => Promise<Loaded<Props>>): ComponentType<Props> {
  let loaded: ComponentType<Props> | undefined;
  return function Later(props: Props) {
    const [Shown, setShown] = useState(() => loaded);
    const [error, setError] = useState<Refused>();
    const [round, setRound] = useState(0);
    useEffect(() => {
      if (loaded) return;
      let isLeft = false;
      load().then(
        (module) => {
          loaded = module.default;
          if (!isLeft) setShown(() => module.default);
        },
        (problem: unknown) => {
          if (!isLeft) setError(new Refused(0, 'unreachable', `this part of the page could not be loaded: ${String(problem)}`));
        },
      );
      return () => {
        isLeft = true;
      };
    }, [round]);
    if (Shown) return <Shown {...props} />;
    const again = () => {
      setError(undefined);
      setRound((number) => number + 1);
    };
    return error ? <Problem error={error} again={again} /> : <p className="loading">Loading …</p>;
  };
}
