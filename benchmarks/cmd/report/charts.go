package main

import (
	"bytes"
	"fmt"
	"image/color"
	"math"
	"os"
	"path/filepath"
	"strconv"

	"github.com/corskit/corskit/benchmarks"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

// grey is legible on white and on black; so are the colours below.
var grey = color.NRGBA{0x80, 0x80, 0x80, 0xff}

var palette = []color.Color{
	color.NRGBA{0x1f, 0x8f, 0xe0, 0xff}, // ours
	color.NRGBA{0xe0, 0x6c, 0x1f, 0xff},
	color.NRGBA{0x2c, 0xa0, 0x5a, 0xff},
	color.NRGBA{0xc8, 0x4b, 0xa8, 0xff},
	color.NRGBA{0xb0, 0x8a, 0x1a, 0xff},
	color.NRGBA{0x8f, 0x78, 0xd8, 0xff},
	color.NRGBA{0xd8, 0x4a, 0x4a, 0xff},
	color.NRGBA{0x1a, 0xa0, 0xa0, 0xff},
	color.NRGBA{0x8a, 0x8a, 0x5a, 0xff},
	color.NRGBA{0xa8, 0x60, 0x40, 0xff},
	color.NRGBA{0x60, 0xa0, 0x20, 0xff},
	color.NRGBA{0xd8, 0x70, 0x98, 0xff},
}

// Filled shapes only: the lines of hollow ones are too thin for a dark page.
var glyphs = []draw.GlyphDrawer{draw.CircleGlyph{}, draw.BoxGlyph{}, draw.PyramidGlyph{}}

func init() { plot.DefaultFont.Variant = "Sans" }

// series is one subject of a chart.
type series struct {
	name   string
	points plotter.XYs
	lines  bool
}

// chart draws series, the first of which is ours, into an SVG file. The y axis
// is logarithmic, in nanoseconds.
func chart(file, title, xLabel, yLabel string, all []series, x func(*plot.Plot)) error {
	p := plot.New()
	p.BackgroundColor = nil // none: the page shows through
	p.Title.Text, p.X.Label.Text, p.Y.Label.Text = title, xLabel, yLabel
	p.Title.TextStyle.Color, p.Legend.TextStyle.Color = grey, grey
	p.Legend.TextStyle.Font.Size = vg.Points(10)
	for _, axis := range []*plot.Axis{&p.X, &p.Y} {
		axis.Color, axis.Label.TextStyle.Color, axis.Tick.Label.Color, axis.Tick.LineStyle.Color = grey, grey, grey, grey
	}
	p.Y.Scale, p.Y.Tick.Marker = plot.LogScale{}, plot.TickerFunc(decades)
	grid := plotter.NewGrid()
	faint := color.NRGBA{0x80, 0x80, 0x80, 0x40}
	grid.Horizontal.Color, grid.Vertical.Color = faint, faint
	p.Add(grid)
	low, high := math.Inf(1), math.Inf(-1)
	for i, s := range all {
		if len(s.points) == 0 {
			continue
		}
		for _, point := range s.points {
			low, high = min(low, point.Y), max(high, point.Y)
		}
		line, dots, err := plotter.NewLinePoints(s.points)
		if err != nil {
			return fmt.Errorf("%s: %s: %w", file, s.name, err)
		}
		line.Color, dots.Color = palette[i%len(palette)], palette[i%len(palette)]
		dots.Shape, dots.Radius = glyphs[i%len(glyphs)], vg.Points(3.2)
		line.Width = vg.Points(1.2)
		if i == 0 {
			line.Width, dots.Radius = vg.Points(2.4), vg.Points(4)
		}
		if s.lines {
			p.Add(line, dots)
			p.Legend.Add(s.name, line, dots)
		} else {
			p.Add(dots)
			p.Legend.Add(s.name, dots)
		}
	}
	if math.IsInf(low, 1) {
		return nil // nothing was measured
	}
	p.Y.Min, p.Y.Max = math.Pow(10, math.Floor(math.Log10(low))), math.Pow(10, math.Ceil(math.Log10(high*1.01)))
	x(p)
	// The legend has a column of its own, right of the plot.
	const width, height, legend = 22 * vg.Centimeter, 12 * vg.Centimeter, 4.8 * vg.Centimeter
	key := p.Legend
	p.Legend = plot.NewLegend()
	key.Top, key.Left, key.Padding = true, true, vg.Points(3)
	canvas := vgsvg.New(width, height)
	area := draw.New(canvas)
	p.Draw(draw.Crop(area, 0, -legend, 0, -vg.Points(4)))
	key.Draw(draw.Crop(area, width-legend+vg.Points(8), 0, 0, -vg.Points(24)))
	var b bytes.Buffer
	if _, err := canvas.WriteTo(&b); err != nil {
		return err
	}
	svg := bytes.ReplaceAll(b.Bytes(), []byte("font-family:Liberation Sans"), []byte("font-family:Liberation Sans,Arial,sans-serif"))
	return os.WriteFile(file, svg, 0o644)
}

// decades marks powers of ten with a word for each.
func decades(low, high float64) []plot.Tick {
	var ticks []plot.Tick
	for e := math.Floor(math.Log10(low)); e <= math.Ceil(math.Log10(high)); e++ {
		v := math.Pow(10, e)
		ticks = append(ticks, plot.Tick{Value: v, Label: duration(v * 1e-9)})
		for i := 2.0; i < 10; i++ {
			ticks = append(ticks, plot.Tick{Value: i * v})
		}
	}
	return ticks
}

// charts writes all charts into a directory.
func (r *results) charts(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	if err := r.lookupChart(filepath.Join(dir, "lookup.svg")); err != nil {
		return err
	}
	if err := r.overheadChart(filepath.Join(dir, "overhead.svg")); err != nil {
		return err
	}
	return r.hostileChart(filepath.Join(dir, "hostile.svg"))
}

// nanoseconds is a y value; what is below one nanosecond is drawn as one.
func nanoseconds(e estimate) float64 { return max(e.Center, floor) * 1e9 }

func (r *results) lookupChart(file string) error {
	var all []series
	for _, f := range frameworks {
		for _, subject := range subjectsOf(f.name) {
			if subject == benchmarks.Bare || subject == benchmarks.Floor || subject == benchmarks.Ours && f.name != benchmarks.NetHTTP {
				continue
			}
			s := series{name: subject, lines: true}
			if subject != benchmarks.Ours && f.name != benchmarks.NetHTTP && f.name != benchmarks.Gin {
				s.name = f.title
			}
			for _, n := range []string{"1", "1000", "100000", "1000000"} {
				k := key{bench: "Middleware", framework: string(f.name), setup: "origins-" + n, subject: subject, request: "actual-allowed"}
				if v := r.overhead(k); v.ok {
					x, _ := strconv.ParseFloat(n, 64)
					s.points = append(s.points, plotter.XY{X: x, Y: nanoseconds(v)})
				}
			}
			if subject == benchmarks.Ours {
				all = append([]series{s}, all...)
			} else {
				all = append(all, s)
			}
		}
	}
	return chart(file, "Actual request of an allowed origin", "origins in the list", "overhead", all, func(p *plot.Plot) {
		p.X.Scale, p.X.Tick.Marker = plot.LogScale{}, plot.ConstantTicks{
			{Value: 1, Label: "1"}, {Value: 10, Label: "10"}, {Value: 100, Label: "100"}, {Value: 1e3, Label: "1,000"},
			{Value: 1e4, Label: "10,000"}, {Value: 1e5, Label: "100,000"}, {Value: 1e6, Label: "1,000,000"},
		}
		p.X.Min, p.X.Max = 1, 1e6
	})
}

// overheadChart has a column for each framework and request, ours and the others.
func (r *results) overheadChart(file string) error {
	ours, others := series{name: benchmarks.Ours}, map[string]*series{}
	var order, names []string
	for i, f := range frameworks {
		names = append(names, f.title)
		for _, subject := range subjectsOf(f.name) {
			k := key{bench: "Middleware", framework: string(f.name), setup: "origins-1", subject: subject, request: "actual-allowed"}
			v := r.overhead(k)
			if !v.ok || subject == benchmarks.Bare || subject == benchmarks.Floor {
				continue
			}
			point := plotter.XY{X: float64(i), Y: nanoseconds(v)}
			if subject == benchmarks.Ours {
				ours.points = append(ours.points, point)
				continue
			}
			if others[subject] == nil {
				others[subject] = &series{name: subject}
				order = append(order, subject)
			}
			others[subject].points = append(others[subject].points, point)
		}
	}
	all := []series{ours}
	for _, name := range order {
		all = append(all, *others[name])
	}
	return chart(file, "Actual request of an allowed origin, a list of one", "", "overhead", all, func(p *plot.Plot) { p.NominalX(names...); p.X.Min, p.X.Max = -0.5, float64(len(names))-0.5 })
}

func (r *results) hostileChart(file string) error {
	setup := benchmarks.Setups(1)[0]
	var requests []benchmarks.Request
	for _, request := range setup.Requests {
		if request.Hostile != nil || request.Name == "preflight-allowed" {
			requests = append(requests, request)
		}
	}
	var all []series
	for _, subject := range subjectsOf(benchmarks.NetHTTP) {
		if subject == benchmarks.Bare || subject == benchmarks.Floor {
			continue
		}
		s := series{name: subject}
		for i, request := range requests {
			k := key{bench: "Middleware", framework: string(benchmarks.NetHTTP), setup: setup.Name, subject: subject, request: request.Name}
			if v := r.overhead(k); v.ok {
				s.points = append(s.points, plotter.XY{X: float64(i), Y: nanoseconds(v)})
			}
		}
		all = append(all, s)
	}
	var names []string
	for _, request := range requests {
		names = append(names, request.Title)
	}
	names[0] = "an honest one"
	return chart(file, "Preflights made to be expensive", "", "overhead", all, func(p *plot.Plot) {
		p.NominalX(names...)
		p.X.Min, p.X.Max = -0.5, float64(len(names))-0.5
		p.X.Tick.Label.Rotation, p.X.Tick.Label.XAlign, p.X.Tick.Label.YAlign = 0.4, draw.XRight, draw.YCenter
	})
}

// subjectsOf returns the names of a framework's subjects, ours before the peers.
func subjectsOf(f benchmarks.Framework) []string {
	var names []string
	for _, s := range benchmarks.Subjects() {
		if s.Framework == f {
			names = append(names, s.Name)
		}
	}
	return names
}
