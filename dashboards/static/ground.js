// What maps have in common: how they ask, which colours the page has now, how far something reaches.
export const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

export const ask = async (address) => {
  const answer = await fetch(address, { headers: { Accept: "application/json" } });
  if (!answer.ok) throw new Error(`${address}: ${answer.status}`);
  return answer.json();
};

export const boundsOf = (features) => {
  const all = features.flatMap((one) => (one.geometry ? one.geometry.coordinates.flat(Infinity) : []));
  const [east, north] = [all.filter((_, i) => i % 2 === 0), all.filter((_, i) => i % 2 === 1)];
  const least = (values) => values.reduce((one, other) => Math.min(one, other), Infinity);
  const most = (values) => values.reduce((one, other) => Math.max(one, other), -Infinity);
  return all.length ? [[least(east), least(north)], [most(east), most(north)]] : null;
};
