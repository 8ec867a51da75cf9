# Evaluates a formula for the four systems without Homebrew, and prints what each would download and why it may not.
require "json"

OSES = { "macos" => :macos, "linux" => :linux }.freeze
CPUS = { "arm" => :arm64, "intel" => :x86_64 }.freeze

class Formula
  class << self
    attr_accessor :os, :cpu, :refused, :found

    OSES.each { |name, os| define_method("on_#{name}") { |&block| block.call if self.os == os } }
    CPUS.each { |name, cpu| define_method("on_#{name}") { |&block| block.call if self.cpu == cpu } }

    %w[url sha256 desc homepage license version].each do |name|
      define_method(name) { |*arguments| found[name] = arguments.first }
    end

    def depends_on(what)
      wanted = what.is_a?(Hash) ? what[:arch] : what
      self.refused = wanted.to_s if [os, cpu].none?(wanted)
    end

    def livecheck; end

    def test; end
  end
end

path = ARGV.fetch(0)
result = {}
OSES.each do |os, os_value|
  CPUS.each do |cpu, cpu_value|
    Formula.os = os_value
    Formula.cpu = cpu_value
    Formula.refused = nil
    Formula.found = {}
    # The values are kept by the base class: a formula calls them on its own.
    Formula.define_singleton_method(:inherited) do |child|
      super(child)
      child.os = os_value
      child.cpu = cpu_value
      child.found = {}
    end
    scope = Module.new
    scope.module_eval(File.read(path), path)
    formula = scope.const_get(scope.constants.first)
    result["#{os}-#{cpu}"] = [formula.found["url"], formula.found["sha256"], formula.refused]
    result["caveats"] = formula.allocate.caveats if formula.method_defined?(:caveats)
  end
end
puts JSON.generate(result)
