package main

import (
	"bytes"
	"fmt"
	"image/color"
	"math"
	"os"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

// grey, like the colours of the palette, is legible on white and on black.
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

// glyphs are filled shapes: hollow ones are too thin on a dark page.
var glyphs = []draw.GlyphDrawer{draw.CircleGlyph{}, draw.BoxGlyph{}, draw.PyramidGlyph{}}

func init() { plot.DefaultFont.Variant = "Sans" }

// series is a named set of points of a chart.
type series struct {
	name   string
	points plotter.XYs
	lines  bool // whether to connect the points
}

// chart describes a drawing. The y axis is logarithmic. The first series stands out.
type chart struct {
	title, x, y string
	all         []series
	label       func(float64) string // labels powers of ten on the y axis
	xAxis       func(*plot.Plot)
	line        float64 // the y of a line across the chart, or 0
}

// write draws the chart into an SVG file. It writes nothing if there are no points.
func (c chart) write(file string) error {
	low, high := c.bounds()
	if math.IsInf(low, 1) {
		return nil
	}
	p := c.plot()
	for i, s := range c.all {
		if err := c.add(p, i, s); err != nil {
			return fmt.Errorf("%s: %s: %w", file, s.name, err)
		}
	}
	p.Y.Min, p.Y.Max = math.Pow(10, math.Floor(math.Log10(low))), math.Pow(10, math.Ceil(math.Log10(high*1.01)))
	c.xAxis(p)
	if c.line > 0 {
		across, err := plotter.NewLine(plotter.XYs{{X: p.X.Min, Y: c.line}, {X: p.X.Max, Y: c.line}})
		if err != nil {
			return err
		}
		across.Color, across.Width = grey, vg.Points(1.2)
		p.Add(across)
	}
	return save(p, file)
}

// bounds returns the lowest and the highest y. If there are no points, low is +Inf.
func (c chart) bounds() (low, high float64) {
	low, high = math.Inf(1), math.Inf(-1)
	for _, s := range c.all {
		for _, point := range s.points {
			low, high = min(low, point.Y), max(high, point.Y)
		}
	}
	if c.line > 0 {
		high = max(high, c.line)
	}
	return low, high
}

// plot returns the axes and the grid.
func (c chart) plot() *plot.Plot {
	p := plot.New()
	p.BackgroundColor = nil // transparent
	p.Title.Text, p.X.Label.Text, p.Y.Label.Text = c.title, c.x, c.y
	p.Title.TextStyle.Color, p.Legend.TextStyle.Color = grey, grey
	p.Legend.TextStyle.Font.Size = vg.Points(10)
	for _, axis := range []*plot.Axis{&p.X, &p.Y} {
		axis.Color, axis.Label.TextStyle.Color, axis.Tick.Label.Color, axis.Tick.LineStyle.Color = grey, grey, grey, grey
	}
	p.Y.Scale = plot.LogScale{}
	p.Y.Tick.Marker = plot.TickerFunc(func(low, high float64) []plot.Tick { return decades(low, high, c.label) })
	grid := plotter.NewGrid()
	faint := color.NRGBA{0x80, 0x80, 0x80, 0x40}
	grid.Horizontal.Color, grid.Vertical.Color = faint, faint
	p.Add(grid)
	return p
}

// add adds the i-th series.
func (c chart) add(p *plot.Plot, i int, s series) error {
	if len(s.points) == 0 {
		return nil
	}
	line, dots, err := plotter.NewLinePoints(s.points)
	if err != nil {
		return err
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
	return nil
}

// save writes the plot with its legend to the right.
func save(p *plot.Plot, file string) error {
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

// decades returns ticks, with labels at the powers of ten.
func decades(low, high float64, label func(float64) string) []plot.Tick {
	var ticks []plot.Tick
	for e := math.Floor(math.Log10(low)); e <= math.Ceil(math.Log10(high)); e++ {
		v := math.Pow(10, e)
		ticks = append(ticks, plot.Tick{Value: v, Label: label(v)})
		for i := 2.0; i < 10; i++ {
			ticks = append(ticks, plot.Tick{Value: i * v})
		}
	}
	return ticks
}
