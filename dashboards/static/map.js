// Draws the region from /api/v1/network/map: communes, sites and links by state. No tiles, no fonts, no other host.
// The tables below hold the same; without scripts, or without WebGL, they are there alone.
const place = document.getElementById("map");
const words = JSON.parse(place.dataset.words);
const { ask, boundsOf, colour } = await import(place.dataset.ground);
const language = document.documentElement.lang;
const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
const dark = matchMedia("(prefers-color-scheme: dark)");
const STATES = ["empty", "planned", "up", "drift", "unknown", "down"]; // what is worse is drawn above
const nameOf = (site) => (language === "nl" ? site.name_nl : site.name_fr);
const query = () => {
  const asked = new URLSearchParams(location.search);
  return new URLSearchParams(["commune", "state", "load"].filter((name) => asked.get(name)).map((name) => [name, asked.get(name)]));
};
const tone = { up: "--good", down: "--bad", drift: "--waits", unknown: "--ink", planned: "--soft", empty: "--edge" };

// A state has a shape of its own, the same as in the legend: it is never known by its colour alone.
const symbol = (state) => {
  const size = 40;
  const canvas = Object.assign(document.createElement("canvas"), { width: size, height: size });
  const pen = canvas.getContext("2d");
  const way = {
    up: "M20 6a14 14 0 1 0 .01 0z", down: "M20 4 37 34H3z", drift: "M20 3 37 20 20 37 3 20z",
    unknown: "M20 7a13 13 0 1 0 .01 0z", planned: "M8 8h24v24H8z", empty: "M20 14a6 6 0 1 0 .01 0z",
  }[state];
  const path = new Path2D(way);
  const hollow = state === "unknown" || state === "planned";
  pen.lineJoin = "round";
  pen.lineWidth = hollow ? 9 : 5;
  pen.strokeStyle = colour("--sheet");
  pen.stroke(path);
  pen.fillStyle = hollow ? colour("--sheet") : colour(tone[state]);
  pen.fill(path);
  if (hollow) {
    pen.lineWidth = 4;
    if (state === "unknown") pen.setLineDash([6, 4]);
    pen.strokeStyle = colour(tone[state]);
    pen.stroke(path);
  }
  return pen.getImageData(0, 0, size, size);
};

const byLoad = place.dataset.by === "load";
// By load a link is as broad as it is full; what is not known, or carries nothing because it is cut, is no thin line.
const LOADS = { low: ["--busy", 1, null], middle: ["--waits", 2, null], high: ["--line-4", 3.4, null],
  planned: ["--soft", 1, [3, 3]], unknown: ["--ink", 1, [0.6, 1.8]], down: ["--bad", 1.4, [1, 1.2]] };
const dashes = { up: null, down: [1, 1.2], drift: [4, 1.5], unknown: [0.6, 1.8], planned: [3, 3] };
const layers = () => [
  { id: "ground", type: "background", paint: { "background-color": colour("--sunken") } },
  { id: "communes", type: "fill", source: "communes", paint: { "fill-color": colour("--sheet"), "fill-opacity": 1 } },
  { id: "borders", type: "line", source: "communes", paint: { "line-color": colour("--edge"), "line-width": 0.8, "line-opacity": 0.7 } },
  { id: "names", type: "symbol", source: "names", minzoom: 10,
    layout: { "text-field": ["get", "name"], "text-font": ["DejaVu Sans", "Noto Sans", "sans-serif"],
      "text-size": 11, "text-max-width": 7 },
    paint: { "text-color": colour("--soft"), "text-halo-color": colour("--sheet"), "text-halo-width": 1.5 } },
  ...(byLoad ? Object.entries(LOADS).map(([load, [tint, broad, dash]]) => ({
    id: `links-${load}`, type: "line", source: "region",
    filter: ["all", ["==", ["get", "layer"], "link"], ["==", ["get", "load"], load]],
    paint: {
      "line-color": colour(tint), "line-width": ["interpolate", ["linear"], ["zoom"], 10, 1.6 * broad, 14, 4 * broad],
      ...(dash ? { "line-dasharray": dash } : {}),
    },
  })) : STATES.filter((state) => state in dashes).map((state) => ({
    id: `links-${state}`, type: "line", source: "region",
    filter: ["all", ["==", ["get", "layer"], "link"], ["==", ["get", "state"], state]],
    paint: {
      "line-color": colour(tone[state]), "line-width": ["interpolate", ["linear"], ["zoom"], 10, 1.6, 14, 4],
      ...(dashes[state] ? { "line-dasharray": dashes[state] } : {}),
    },
  }))),
  { id: "sites", type: "symbol", source: "region", filter: ["==", ["get", "layer"], "site"],
    layout: {
      "icon-image": ["concat", "state-", ["get", "state"]], "icon-allow-overlap": true, "icon-ignore-placement": true,
      "icon-size": ["interpolate", ["linear"], ["zoom"], 9, 0.35, 13, 0.75],
      "symbol-sort-key": ["match", ["get", "state"], ...STATES.flatMap((state, rank) => [state, rank]), 0],
    } },
  { id: "chosen", type: "circle", source: "region", filter: ["==", ["get", "code"], ""],
    paint: { "circle-radius": 15, "circle-opacity": 0, "circle-stroke-width": 3, "circle-stroke-color": colour("--iris") } },
];

const told = (properties) => {
  const box = document.createElement("div");
  box.appendChild(document.createElement("strong")).textContent = properties.layer === "site" ? nameOf(properties) : properties.name;
  const line = box.appendChild(document.createElement("div"));
  const load = properties.load && !(properties.load in { down: 1, planned: 1 }) ? words[`load.${properties.load}`] : "";
  line.textContent = [words[properties.state], load].filter(Boolean).join(" · ");
  if (properties.layer === "site" && properties.devices > 0) line.textContent += ` · ${properties.devices} ${words.devices}`;
  if (properties.layer === "link") line.textContent += ` · ${properties.a_site} – ${properties.b_site}`;
  return box;
};

const start = async () => {
  const [library, region, communes] = await Promise.all([
    import(place.dataset.library), ask(`/api/v1/network/map?${query()}`), ask("/api/v1/network/map/communes").catch(() => ({ type: "FeatureCollection", attributions: [], features: [] })),
  ]); // a file of outlines that cannot be read takes nothing but the outlines away
  const sources = document.getElementById("attributions");
  sources.textContent = [sources.textContent, ...communes.attributions].filter(Boolean).join(" · ");
  library.setWorkerUrl(place.dataset.worker);
  const wanted = query().get("commune");
  const shown = wanted ? communes.features.filter((one) => one.properties.nis_code === wanted) : communes.features;
  const names = { // where the inventory has them, as the page writes them: they are there without outlines
    type: "FeatureCollection",
    features: [...document.querySelectorAll("#commune option[data-lon]")].map((one) => ({
      type: "Feature", properties: { name: one.textContent },
      geometry: { type: "Point", coordinates: [Number(one.dataset.lon), Number(one.dataset.lat)] },
    })),
  };
  const chosen = () => document.getElementById("chosen");
  const map = new library.Map({
    container: place, attributionControl: false, locale: words, cooperativeGestures: true, fadeDuration: 0, maxPitch: 0,
    dragRotate: false, rollEnabled: false, pitchWithRotate: false, maxZoom: 17, minZoom: 8,
    bounds: boundsOf(shown.length ? shown : region.features) ?? [[4.24, 50.76], [4.49, 50.92]], fitBoundsOptions: { padding: 24 },
    style: { version: 8, sources: { communes: { type: "geojson", data: communes }, names: { type: "geojson", data: names }, region: { type: "geojson", data: region, promoteId: "id" } }, layers: [] },
  });
  map.touchZoomRotate.disableRotation();
  map.keyboard.disableRotation();
  map.addControl(new library.NavigationControl({ showCompass: false }), "top-right");
  map.addControl(new library.ScaleControl({ maxWidth: 100 }), "bottom-left");

  const paint = () => {
    for (const layer of [...map.getStyle().layers].reverse()) map.removeLayer(layer.id);
    for (const state of STATES) {
      if (map.hasImage(`state-${state}`)) map.removeImage(`state-${state}`);
      map.addImage(`state-${state}`, symbol(state), { pixelRatio: 1.4 });
    }
    for (const layer of layers()) map.addLayer(layer);
    mark();
  };
  const mark = () => map.setFilter("chosen", ["==", ["get", "code"], chosen().dataset.code ?? ""]);
  const go = (motion) => {
    const { lon, lat } = chosen().dataset;
    if (lon) map[calm || !motion ? "jumpTo" : "easeTo"]({ center: [Number(lon), Number(lat)], zoom: Math.max(map.getZoom(), 12.5) });
  };

  // A site chosen on the map or in the table: its part of the page comes from the server, its name stands in the address.
  const choose = async (code, motion) => {
    const asked = query();
    if (byLoad) asked.set("by", "load");
    asked.set("site", code);
    const answer = await fetch(`/map?${asked}`, { headers: { "HX-Request": "true" } });
    if (!answer.ok) return location.assign(`/map?${asked}`);
    const part = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("chosen");
    chosen().replaceWith(document.adoptNode(part));
    history.replaceState(null, "", `/map?${asked}`);
    mark();
    if (motion) go(true);
  };
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-site]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    event.preventDefault();
    choose(link.dataset.site, true);
    place.scrollIntoView({ block: "nearest", behavior: calm ? "auto" : "smooth" });
  });

  const bubble = new library.Popup({ closeButton: false, closeOnClick: false, offset: 14, className: "bubble", maxWidth: "18rem" });
  const around = (point) => {
    const box = [[point.x - 6, point.y - 6], [point.x + 6, point.y + 6]];
    const found = map.queryRenderedFeatures(box, { layers: ["sites", ...Object.keys(byLoad ? LOADS : dashes).map((name) => `links-${name}`)] });
    return found.find((one) => one.properties.layer === "site") ?? found[0];
  };
  map.on("mousemove", (event) => {
    const found = map.getLayer("sites") ? around(event.point) : undefined;
    map.getCanvas().style.cursor = found ? "pointer" : "";
    if (!found) return void bubble.remove();
    bubble.setLngLat(found.properties.layer === "site" ? found.geometry.coordinates : event.lngLat).setDOMContent(told(found.properties)).addTo(map);
  });
  map.on("mouseout", () => bubble.remove());
  map.on("click", (event) => {
    const found = around(event.point);
    if (!found) return;
    if (found.properties.layer === "site") choose(found.properties.code, false);
    else bubble.setLngLat(event.lngLat).setDOMContent(told(found.properties)).addTo(map);
  });

  map.on("load", () => {
    paint();
    go(false);
    map.once("idle", () => { place.dataset.ready = "yes"; });
  });
  dark.addEventListener("change", paint);
  document.addEventListener("htmx:after:swap", async () => { // the tables were brought up to date: so is the map
    try {
      map.getSource("region").setData(await ask(`/api/v1/network/map?${query()}`));
    } catch { /* the frame says that the server is away */ }
  });
};

start().catch((error) => {
  console.warn(error);
  place.hidden = true;
  const able = document.createElement("canvas").getContext("webgl2");
  document.getElementById(able ? "map-away" : "no-map").hidden = false;
});
